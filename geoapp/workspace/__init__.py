"""A workspace: registries and layers of one folder, checked and prepared."""

from geoapp.workspace.opening import Workspace, open_workspace
from geoapp.workspace.preparing import prepare

__all__ = ["Workspace", "open_workspace", "prepare"]
