"""Help output without typer's additions: types, braces, and the option --help itself."""

from typing import Any

from typer.core import TyperCommand, TyperGroup

# Options with an optional value: the allowed values, and the default if no value follows.
_MAY_STAND_ALONE = {"--strip": (("all", "gps"), "all")}


class PlainCommand(TyperCommand):
    """A command with plain help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments after inserting the default values of options without a value."""
        complete = []
        for place, argument in enumerate(args):
            complete.append(argument)
            values, meant = _MAY_STAND_ALONE.get(argument, ((), None))
            if meant and args[place + 1 : place + 2] not in ([value] for value in values):
                complete.append(meant)
        return super().parse_args(ctx, complete)

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option ``--help``, hidden from the help."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.hidden = True
        return option

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the usage after the command's name, required arguments first."""
        arguments = [param for param in self.params if param.param_type_name == "argument"]
        required = [param for param in self.params if param.param_type_name == "option" and param.required]
        named = [f"{argument.metavar}{'...' if argument.nargs == -1 else ''}" for argument in arguments]
        return [*named, *(f"{option.opts[-1]} {option.metavar}" for option in required), "[OPTIONS]"]


class PlainGroup(TyperGroup):
    """The top-level command with plain help."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option ``--help`` without a type."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.metavar = ""
            option.help = "Show this help and exit."
        return option
