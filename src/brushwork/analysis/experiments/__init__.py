"""The experiments, one module each with a function `run(context)`; `brushwork.analysis.run` lists them."""
