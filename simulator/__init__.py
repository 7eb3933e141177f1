"""A simulated network and a simulated Twilio, each following the documented contract of the real one."""
