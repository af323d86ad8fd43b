"""Runs `ses-feedback`, also as `python -m ses_feedback_cli`."""

from ses_feedback_cli.app import app


def main() -> None:
    """Run the command that the arguments of the process name."""
    app(prog_name="ses-feedback")


if __name__ == "__main__":
    main()
