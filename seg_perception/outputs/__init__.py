"""What is published: names, messages and pictures, the same for a node and a bag."""
