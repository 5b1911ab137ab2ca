"""Flows by choreography: what is expected next, so that one that stops on its way is seen."""

from chassis.flows.flow import Flow
from chassis.flows.monitor import FlowMonitor
from chassis.flows.routes import flow_routes

__all__ = ("Flow", "FlowMonitor", "flow_routes")
