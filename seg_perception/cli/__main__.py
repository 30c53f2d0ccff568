"""`python -m seg_perception.cli`: the command where only a module can be named, as by torchrun."""

from seg_perception.cli.main import main

main()
