"""Help without what typer adds to a line that is clear without it: types, braces, the option --help itself."""

from typing import Any

from typer.core import TyperCommand, TyperGroup

# Options that may stand alone, the values that may follow them, and the value that is meant where none does.
_MAY_STAND_ALONE = {"--strip": (("all", "gps"), "all")}


class PlainCommand(TyperCommand):
    """A command whose help is its own words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments, after giving options that stand alone the values that they mean."""
        complete = []
        for place, argument in enumerate(args):
            complete.append(argument)
            values, meant = _MAY_STAND_ALONE.get(argument, ((), None))
            if meant and args[place + 1 : place + 2] not in ([value] for value in values):
                complete.append(meant)
        return super().parse_args(ctx, complete)

    def get_help_option(self, ctx: Any) -> Any:
        """The option ``--help``, which the help itself does not list."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.hidden = True
        return option

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What follows the command's name: required parts first."""
        arguments = [param for param in self.params if param.param_type_name == "argument"]
        required = [param for param in self.params if param.param_type_name == "option" and param.required]
        named = [f"{argument.metavar}{'...' if argument.nargs == -1 else ''}" for argument in arguments]
        return [*named, *(f"{option.opts[-1]} {option.metavar}" for option in required), "[OPTIONS]"]


class PlainGroup(TyperGroup):
    """The whole program."""

    def get_help_option(self, ctx: Any) -> Any:
        """The option ``--help``, without a type."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.metavar = ""
            option.help = "Show this help and end."
        return option
