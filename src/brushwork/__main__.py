"""The command `brushwork`, and `python -m brushwork`."""

import sys


def main() -> None:
    """Runs the command line; what the user can put right is one line on standard error and exit code 1."""
    from brushwork.cli import app
    from brushwork.errors import UserError

    try:
        app()
    except UserError as error:
        print(f"brushwork: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("brushwork: stopped; what was written is whole", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
