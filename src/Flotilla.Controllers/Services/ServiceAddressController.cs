using System.Net;
using System.Net.Sockets;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>Shows each address that a Service holds as an IPAddress object, and removes those whose Service is gone or has another.</summary>
internal sealed class ServiceAddressController : Controller
{
    private const string ManagedBy = "ipaddress.kubernetes.io/managed-by";
    private const string Manager = "ipallocator.k8s.io";

    private readonly Informer<V1Service> services;
    private readonly Informer<V1IPAddress> addresses;

    public ServiceAddressController(ControllerContext context)
        : base(context, "ipallocator-repair-controller", workers: 2)
    {
        services = Watch<V1Service>();
        services.Subscribe(change =>
        {
            foreach (var address in AddressesOf(change.Old).Concat(AddressesOf(change.New)))
            {
                Queue.Add(new ObjectKey(null, address));
            }
        });
        services.AddIndex("address", AddressesOf);
        addresses = WatchAndEnqueue<V1IPAddress>();
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var known = addresses.Get(key);
        var service = services.ByIndex("address", key.Name).FirstOrDefault();
        if (service is not null && known is null)
        {
            await CreateAsync(key.Name, service, cancellationToken);
        }
        else if (known is not null && !known.IsDeleting() && IsManaged(known)
            && (service is null || known.Spec.ParentRef.Name != service.Metadata.Name || known.Spec.ParentRef.NamespaceProperty != service.Metadata.NamespaceProperty))
        {
            await DeleteAsync(known, cancellationToken);
        }
    }

    private async Task CreateAsync(string address, V1Service service, CancellationToken cancellationToken)
    {
        var family = IPAddress.Parse(address).AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
        try
        {
            await Client.CreateAsync(
                new V1IPAddress
                {
                    ApiVersion = "networking.k8s.io/v1",
                    Kind = "IPAddress",
                    Metadata = new V1ObjectMeta
                    {
                        Name = address,
                        Labels = new Dictionary<string, string> { ["ipaddress.kubernetes.io/ip-family"] = family, [ManagedBy] = Manager },
                    },
                    Spec = new V1IPAddressSpec
                    {
                        ParentRef = new V1ParentReference { Resource = "services", NamespaceProperty = service.Metadata.NamespaceProperty, Name = service.Metadata.Name },
                    },
                },
                cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // The cache has not shown it yet.
        }
    }

    private async Task DeleteAsync(V1IPAddress address, CancellationToken cancellationToken)
    {
        try
        {
            var options = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = address.Metadata.Uid } };
            await Client.DeleteAsync<V1IPAddress>(address.Key(), options, cancellationToken);
        }
        catch (ApiException gone) when (gone.Code is 404 or 409)
        {
            // Gone, or another one has its name.
        }
    }

    private static bool IsManaged(V1IPAddress address) =>
        address.Metadata.Labels is { } labels && labels.TryGetValue(ManagedBy, out var manager) && manager == Manager;

    private static IEnumerable<string> AddressesOf(V1Service? service) =>
        (service?.Spec?.ClusterIPs ?? []).Where(address => IPAddress.TryParse(address, out _));
}
