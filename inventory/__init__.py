"""What is monitored and for whom: frozen models, the strict YAML file, secrets."""
