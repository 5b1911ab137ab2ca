"""Flows by choreography: what is expected next, so that one that stops on its way is seen."""

from chassis.flows.flow import Flow, Stage, stage
from chassis.flows.monitor import FlowMonitor
from chassis.flows.routes import flow_routes
from chassis.flows.waiting import Awaited, awaited

__all__ = ("Awaited", "Flow", "FlowMonitor", "Stage", "awaited", "flow_routes", "stage")
