"""`python -m bot`: the same as the `kentongan` script."""

from bot.cli import main

if __name__ == "__main__":
    main()
