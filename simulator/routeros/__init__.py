"""A RouterOS API server as MikroTik documents it: https://help.mikrotik.com/docs/spaces/ROS/pages/47579160/API."""
