using Flotilla.Swarm.Services.Spec;

namespace Flotilla.Swarm.Services.Control;

/// <summary>Which kind of plan a service's mode asks for.</summary>
internal static class ServicePlans
{
    public static ServicePlan For(PlanInput input) => input.Service.Read.Mode switch
    {
        { Global: not null } => GlobalPlan.For(input),
        { ReplicatedJob: not null } or { GlobalJob: not null } => JobPlan.For(input),
        _ => ReplicatedPlan.For(input),
    };

    public static bool IsJob(ServiceMode? mode) => mode is { ReplicatedJob: not null } or { GlobalJob: not null };
}
