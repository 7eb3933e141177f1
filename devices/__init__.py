"""How to talk to a router: one module per protocol behind one narrow Session."""
