using System.Net;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>Marks ranges of service addresses as ready, and holds those back that are deleted while addresses in them are in use.</summary>
internal sealed class ServiceRangeController : Controller
{
    private const string Default = "kubernetes";
    private const string Finalizer = "networking.k8s.io/service-cidr-finalizer";

    private readonly Informer<V1ServiceCIDR> ranges;
    private readonly Informer<V1IPAddress> addresses;

    public ServiceRangeController(ControllerContext context)
        : base(context, "service-cidr-controller", workers: 1)
    {
        ranges = WatchAndEnqueue<V1ServiceCIDR>();
        addresses = Watch<V1IPAddress>();
        addresses.Subscribe(change =>
        {
            foreach (var range in ranges.List().Where(range => range.IsDeleting() && Contains(range, change.Latest)))
            {
                Queue.Add(range.Key());
            }
        });
        if (context.Options.ServiceCidr.Length > 0)
        {
            Queue.Add(new ObjectKey(null, Default));
        }
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (ranges.Get(key) is not { } range)
        {
            await CreateDefaultAsync(key, cancellationToken);
            return;
        }

        if (!range.IsDeleting())
        {
            range = await WithFinalizerAsync(range, cancellationToken);
            await ReadyAsync(range, "True", "", "Kubernetes Service CIDR is ready", cancellationToken);
        }
        else if (IsInUse(range))
        {
            const string Message = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";
            await ReadyAsync(range, "False", "Terminating", Message, cancellationToken);
        }
        else if (range.Metadata.Finalizers?.Contains(Finalizer) == true)
        {
            await SetFinalizersAsync(range, [.. range.Metadata.Finalizers.Where(finalizer => finalizer != Finalizer)], cancellationToken);
        }
    }

    /// <summary>Addresses that no other range holds too.</summary>
    private bool IsInUse(V1ServiceCIDR range) => addresses.List().Any(address =>
        Contains(range, address) && !ranges.List().Any(other => other.Metadata.Name != range.Metadata.Name && !other.IsDeleting() && Contains(other, address)));

    private async Task CreateDefaultAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (key.Name != Default || Options.ServiceCidr.Length == 0)
        {
            return;
        }

        try
        {
            await Client.CreateAsync(
                new V1ServiceCIDR
                {
                    ApiVersion = "networking.k8s.io/v1",
                    Kind = "ServiceCIDR",
                    Metadata = new V1ObjectMeta { Name = Default, Finalizers = [Finalizer] },
                    Spec = new V1ServiceCIDRSpec { Cidrs = [.. Options.ServiceCidr.Split(',')] },
                },
                cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // The cache has not shown it yet.
        }
    }

    private async Task<V1ServiceCIDR> WithFinalizerAsync(V1ServiceCIDR range, CancellationToken cancellationToken) =>
        range.Metadata.Finalizers?.Contains(Finalizer) == true
            ? range
            : await SetFinalizersAsync(range, [.. range.Metadata.Finalizers ?? [], Finalizer], cancellationToken);

    private Task<V1ServiceCIDR> SetFinalizersAsync(V1ServiceCIDR range, List<string> finalizers, CancellationToken cancellationToken) => Client.UpdateAsync(
        range with { ApiVersion = "networking.k8s.io/v1", Kind = "ServiceCIDR", Metadata = range.Metadata with { Finalizers = finalizers } }, cancellationToken);

    private async Task ReadyAsync(V1ServiceCIDR range, string status, string reason, string message, CancellationToken cancellationToken)
    {
        var known = range.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready");
        if (known?.Status == status && known.Message == message)
        {
            return;
        }

        var condition = new V1Condition { Type = "Ready", Status = status, Reason = reason, Message = message, LastTransitionTime = Now };
        var others = (range.Status?.Conditions ?? []).Where(other => other.Type != "Ready");
        var changed = range with { ApiVersion = "networking.k8s.io/v1", Kind = "ServiceCIDR", Status = new V1ServiceCIDRStatus { Conditions = [.. others, condition] } };
        await Client.UpdateStatusAsync(changed, cancellationToken);
    }

    private static bool Contains(V1ServiceCIDR range, V1IPAddress address) =>
        IPAddress.TryParse(address.Metadata.Name, out var value) && (range.Spec?.Cidrs ?? []).Any(cidr => IPNetwork.Parse(cidr).Contains(value));
}
