"""Many pieces of work at once: here in processes of this machine, or on a cluster.

An executor has `run(work, tasks)`, which yields what is `Done` in the order in which it ends.
`work` is a function that another process can import, a task and its value what it can be sent.
"""

from plasticity_sim.engine.lanes.run import jobs as processors
from plasticity_sim.jobs.cluster import Cluster, check_cluster
from plasticity_sim.jobs.interface import Done, Executor
from plasticity_sim.jobs.local import LocalProcesses

__all__ = ["Cluster", "Done", "Executor", "LocalProcesses", "check_cluster", "processors"]
