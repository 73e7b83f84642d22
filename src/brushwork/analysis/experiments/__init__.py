"""The experiments, each a module with a function `run(context)`; `brushwork.analysis.run` lists them."""
