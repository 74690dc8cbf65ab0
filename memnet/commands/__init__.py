"""The subcommands of `memnet`, one a file, found by name in `memnet.cli`; and what `convert-caffemodel` starts."""
