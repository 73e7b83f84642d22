"""Stylises and embeds data sets part by part: folders, WebDataset tars and Parquet files on any file system."""
