using System.Text.Json.Nodes;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>What a swarm that nobody disturbs comes to. Pure.</summary>
internal static class Settled
{
    /// <summary>What is not so yet, in words.</summary>
    public static IEnumerable<string> Missing(ClusterMoment moment)
    {
        foreach (var service in moment.Services)
        {
            var (id, name) = ((string)service!["ID"]!, (string)service["Spec"]!["Name"]!);
            var (running, desired) = ((long)service["ServiceStatus"]!["RunningTasks"]!, (long)service["ServiceStatus"]!["DesiredTasks"]!);
            var wanted = service["Spec"]!["Mode"]!["Global"] is null ? desired : moment.Nodes.Count;
            var slots = moment.Tasks.Where(task => (string)task!["ServiceID"]! == id && (string)task["Status"]!["State"]! == "running").Select(task => (string?)task!["Slot"]?.ToString() ?? (string?)task["NodeID"]).ToList();
            var status = moment.Kubernetes.Services.Single(other => (string)other!["spec"]!["Name"]! == name)!["status"];
            if (running != wanted || slots.Distinct(StringComparer.Ordinal).Count() != wanted)
            {
                yield return $"{name} runs {running} of {wanted} in {slots.Distinct(StringComparer.Ordinal).Count()} slots";
            }
            else if ((string?)service["UpdateStatus"]?["State"] is "updating" or "rollback_started")
            {
                yield return $"{name} is {service["UpdateStatus"]!["State"]}";
            }
            else if (((long?)status?["runningTasks"], (long?)status?["desiredTasks"], (string?)status?["observedGeneration"]?.ToString()) != (running, wanted, (string?)service["Version"]!["Index"]!.ToString()))
            {
                yield return $"{name} has the status {status?.ToJsonString()}";
            }
        }

        foreach (var pod in moment.Kubernetes.Pods.Where(pod => pod!["metadata"]!["deletionTimestamp"] is not null && IsAlive(pod)))
        {
            yield return $"{pod!["metadata"]!["name"]} is still terminating";
        }
    }

    private static bool IsAlive(JsonNode pod) => (string?)pod["status"]!["phase"] is not ("Failed" or "Succeeded") && (string?)pod["spec"]!["nodeName"] is { Length: > 0 };
}
