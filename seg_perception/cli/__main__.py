"""Where the command starts: also `python -m seg_perception.cli`, as for torchrun."""

from seg_perception.core.required_packages import require_packages


def main() -> None:
    """Run the command, if what it needs is installed."""
    require_packages()
    from seg_perception.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
