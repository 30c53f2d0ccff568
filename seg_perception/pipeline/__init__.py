"""The one object behind node, replay and evaluation, and the stages it is made of."""
