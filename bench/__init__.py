"""What Headrace costs, measured in one run beside a floor: `python -m bench`."""
