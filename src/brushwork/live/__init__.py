"""Stylising what a camera sees."""
