"""Official and open sources beyond this machine: their addresses, protocols and formats."""
