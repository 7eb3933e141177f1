"""The registry: the inventory of every isp in a SQL database, with its people, its alerts and its audit."""
