"""Functional areas and functional links: flows in, areas and links out, with how sure they are.

Notation of every module: ``T[i, j]`` is the flow from residence ``i`` to work ``j``, ``R`` the
employed residents (row sums), ``W`` the jobs (column sums). Flows are counts of persons.
"""
