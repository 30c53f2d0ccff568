"""The whole product at work on one machine: simulation, nodes over DDS, scores, pictures."""
