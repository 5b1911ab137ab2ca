"""Longship devkit."""
