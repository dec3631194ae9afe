"""`python -m mdfsync`."""

from mdfsync.cli import main

if __name__ == "__main__":
    main()
