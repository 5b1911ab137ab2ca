"""Alert rules and dashboards as code; `devkit observability write` writes what the charts ship."""
