"""A report as Markdown, JSON, HTML and PDF: pure functions from `incidents.report.Report`, no database."""
