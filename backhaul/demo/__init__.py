"""The one-machine stack: real services on loopback around a simulated network."""
