"""Brian2's device and preferences, lent for one build or run and given back as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from brian2 import device, prefs, set_device
from brian2.devices.device import reset_device
from brian2.groups import neurongroup

from plasticity_sim.engine import build
from plasticity_sim.scratch import private_folder

_PREFERENCES = (
    "codegen.target",
    "codegen.loop_invariant_optimisations",
    "codegen.cpp.extra_compile_args_gcc",
    "codegen.cpp.extra_link_args",
)


@contextmanager
def lent(target: str, flags: Sequence[str] = ()) -> Iterator[str]:
    """Lend Brian2's device and preferences; yields a private folder for its files.

    `target` is 'cpp_standalone', with the compiler's `flags`, 'cython' or 'numpy'.
    """
    before = {name: prefs[name] for name in _PREFERENCES}
    check = neurongroup.check_identifier_pre_post
    # refuses names such as tau_pre, which mean something of their own in Synapses alone
    neurongroup.check_identifier_pre_post = lambda _: None
    with private_folder() as folder:
        if target == "cpp_standalone":
            set_device("cpp_standalone", directory=str(folder), build_on_run=False)
            prefs["codegen.cpp.extra_compile_args_gcc"] = list(flags)
            prefs["codegen.cpp.extra_link_args"] = list(build.linking())
        else:
            set_device("runtime")
            prefs["codegen.target"] = target
        # the compiler does this better, and sympy slowly
        prefs["codegen.loop_invariant_optimisations"] = False
        try:
            yield str(folder)
        finally:
            neurongroup.check_identifier_pre_post = check
            device.reinit()
            reset_device()
            for name, value in before.items():
                prefs[name] = value
