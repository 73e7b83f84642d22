"""Whole data sets stylised or embedded, part by part: folders, WebDataset tars and Parquet on any file system."""
