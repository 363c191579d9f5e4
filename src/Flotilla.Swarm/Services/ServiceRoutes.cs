using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services.Autoscaling;
using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Docker;
using k8s.Models;

namespace Flotilla.Swarm.Services;

/// <summary><c>docker service</c>.</summary>
internal sealed class ServiceRoutes(SwarmContext context)
{
    private readonly ServiceReferences references = new();

    public IEnumerable<Route> All =>
    [
        new("GET", "/services", ListAsync),
        new("POST", "/services/create", CreateAsync),
        new("GET", "/services/{id}", InspectAsync),
        new("POST", "/services/{id}/update", UpdateAsync),
        new("DELETE", "/services/{id}", RemoveAsync),
    ];

    public static SwarmService Find(SwarmInformers known, string word) =>
        Lookup.Find("service", word, [.. known.Services.List().Where(service => service.Metadata.DeletionTimestamp is null)], SwarmInformers.IdOf, service => service.Name);

    private async Task<DockerAnswer> ListAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "name", "id", "label", "mode", "runtime");
        var known = await context.ManagerAsync(cancellationToken);
        var services = known.Services.List().Where(service => service.Metadata.DeletionTimestamp is null
            && filters.Begins("name", service.Name) && filters.Begins("id", SwarmInformers.IdOf(service))
            && filters.Labels("label", service.Read.Labels) && filters.Is("mode", ModeOf(service.Read.Mode)) && filters.Is("runtime", "container"));
        return DockerAnswer.Json(WireJson.Array(services.Select(service => ServiceView.Of(service, known, request.Flag("insertDefaults"), request.Flag("status")))));
    }

    private async Task<DockerAnswer> InspectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        return DockerAnswer.Json(ServiceView.Of(Find(known, request.Id), known, request.Flag("insertDefaults")));
    }

    private async Task<DockerAnswer> CreateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        var spec = await request.BodyAsync(cancellationToken);
        if (string.IsNullOrEmpty(spec["Name"]?.GetValue<string>()))
        {
            spec["Name"] = GeneratedNames.Next();
        }

        var (json, read) = Accept(spec, known);
        if (known.Services.List().Any(other => other.Name == read.Name && other.Metadata.DeletionTimestamp is null))
        {
            throw DockerException.Exists("service", read.Name);
        }

        if (known.KubernetesServices.Get(new ObjectKey(context.Options.Namespace, ObjectNames.Label(read.Name))) is { } taken && SwarmInformers.OwnerOf(taken) is null)
        {
            throw new DockerException(409, $"name conflicts with an existing object: Kubernetes has a Service {taken.Metadata.Name} in namespace {context.Options.Namespace}; choose another name");
        }

        PublishedPorts.Check(read, null, known);
        var service = new SwarmService
        {
            Metadata = new V1ObjectMeta { Name = ObjectNames.Label(read.Name), NamespaceProperty = context.Options.Namespace },
            Spec = json,
            Change = new SpecChange { At = context.Now },
        };
        service.RememberAsked();
        var logins = RegistryAuth.Of(request, read.TaskTemplate.ContainerSpec?.Image ?? "");
        if (logins is not null)
        {
            service.Metadata.Annotations[SwarmApi.RegistryAuth] = "true";
            await RegistryAuth.KeepAsync(context, service, logins, cancellationToken);
        }

        try
        {
            var created = await context.Client.CreateAsync(service, cancellationToken);
            await (logins is null ? Task.CompletedTask : RegistryAuth.OwnAsync(context, created, cancellationToken));
            return DockerAnswer.Json(new JsonObject { ["ID"] = SwarmInformers.IdOf(created), ["Warnings"] = null }, 201);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            throw DockerException.Exists("service", read.Name);
        }
    }

    private async Task<DockerAnswer> UpdateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var index = request.VersionIndex;
        var known = await context.ManagerAsync(cancellationToken);
        var service = Find(known, request.Id);
        var isRollback = request.Query("rollback") == "previous";
        var body = isRollback ? null : await request.BodyAsync(cancellationToken);
        var logins = RegistryAuth.Of(request, body.Object("TaskTemplate").Object("ContainerSpec").String("Image") ?? service.Read.TaskTemplate.ContainerSpec?.Image ?? "");
        if (logins is not null)
        {
            await RegistryAuth.KeepAsync(context, service, logins, cancellationToken);
        }

        var written = await SwarmContext.RetryAsync(async () =>
        {
            var current = await context.Client.GetAsync<SwarmService>(service.Key(), cancellationToken);
            if (logins is not null)
            {
                current.Metadata.Annotations = new Dictionary<string, string>(current.Metadata.Annotations ?? new Dictionary<string, string>()) { [SwarmApi.RegistryAuth] = "true" };
            }

            return ServiceView.VersionOf(current) == index
                ? await context.Client.UpdateAsync(Changed(current, body?.DeepClone().AsObject(), known), cancellationToken)
                : throw DockerException.OutOfSequence();
        });
        return DockerAnswer.Json(new JsonObject { ["Warnings"] = null });
    }

    /// <param name="body">null: back to the previous spec.</param>
    private SwarmService Changed(SwarmService current, JsonObject? body, SwarmInformers known)
    {
        if (body is null && current.PreviousSpec is not { ValueKind: JsonValueKind.Object })
        {
            throw new DockerException(400, $"rpc error: code = FailedPrecondition desc = service {SwarmInformers.IdOf(current)} does not have a previous spec");
        }

        var json = body is null ? current.PreviousSpec!.Value : Accept(body, known).Json;
        var next = current.With(json);
        if (next.Name != current.Name)
        {
            throw new DockerException(501, "rpc error: code = Unimplemented desc = renaming services is not supported");
        }

        if (ModeOf(next.Read.Mode) != ModeOf(current.Read.Mode))
        {
            throw new DockerException(501, "rpc error: code = Unimplemented desc = service mode change is not allowed");
        }

        PublishedPorts.Check(next.Read, current, known);
        var kept = AutoscalePlan.Kept(current.Read, next.Read, body is null ? null : current.AskedReplicas);
        if (body is not null && next.Read.Mode?.Replicated?.Replicas != current.Read.Mode?.Replicated?.Replicas)
        {
            // The number of now is only repeated by who changes something else.
            next.RememberAsked();
        }

        next = kept is { } chosen ? next.With(chosen) : next;

        // A job runs again for a new spec, not for other labels; one with a schedule when it is due.
        var runsNow = next.Hash != current.Hash && ServiceLabels.TextOf(next.Read, ServiceLabels.Schedule) is null;
        var iteration = (current.Change?.Iteration ?? 0) + (runsNow ? 1 : 0);
        return next with
        {
            PreviousSpec = current.Spec,
            Change = new SpecChange { IsRollback = body is null, At = context.Now, Iteration = ServicePlans.IsJob(next.Read.Mode) ? iteration : 0 },
        };
    }

    private async Task<DockerAnswer> RemoveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        var service = Find(known, request.Id);
        await context.Client.DeleteAsync<SwarmService>(service.Key(), null, cancellationToken);
        return DockerAnswer.Ok();
    }

    private (JsonElement Json, ServiceSpec Read) Accept(JsonObject spec, SwarmInformers known)
    {
        ServiceDefaults.Complete(spec);
        references.Resolve(spec, known);
        var json = WireJson.Element(spec);
        try
        {
            var read = ServiceSpec.Read(json);
            ServiceRules.Check(read);
            references.Check(read, known);
            return (json, read);
        }
        catch (JsonException wrong)
        {
            throw DockerException.BadRequest($"json: cannot unmarshal field {wrong.Path?.TrimStart('$', '.')} of the service's spec: it is of another type");
        }
    }

    public static string ModeOf(ServiceMode? mode) => mode switch
    {
        { Global: not null } => "global",
        { ReplicatedJob: not null } => "replicated-job",
        { GlobalJob: not null } => "global-job",
        _ => "replicated",
    };

}
