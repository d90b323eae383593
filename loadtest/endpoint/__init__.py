"""What collecting costs a scoring server: an open-loop load, contenders, an audit, a report."""
