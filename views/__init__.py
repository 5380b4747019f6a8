"""Pages: widgets, a spec, a result, charts. Imports of jobs stop at jobs.client."""
