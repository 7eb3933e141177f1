"""The pages of the ISP's staff: one module a subject."""
