"""What tests measured, shown at the end, also when everything passed."""


def show_figures(terminalreporter, lines):
    """Writes the lines under a heading of their own."""
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)
