"""A Twilio that never leaves the machine: the documented Messages API, faults on demand, and a phone to look at."""
