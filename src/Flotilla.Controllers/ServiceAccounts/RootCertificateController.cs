using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Controllers.ServiceAccounts;

/// <summary>Puts the certificates by which pods recognize the API server into every namespace, and keeps them right.</summary>
internal sealed class RootCertificateController : Controller
{
    private const string MapName = "kube-root-ca.crt";
    private const string DataKey = "ca.crt";
    private const string DescriptionKey = "kubernetes.io/description";
    private const string Description =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal "
        + "service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

    private readonly Informer<V1Namespace> namespaces;
    private readonly Informer<V1ConfigMap> maps;

    public RootCertificateController(ControllerContext context)
        : base(context, "root-ca-certificate-publisher", workers: 1)
    {
        namespaces = WatchAndEnqueue<V1Namespace>();
        maps = Watch<V1ConfigMap>();
        maps.Subscribe(change =>
        {
            if (change.Latest.Metadata.Name == MapName)
            {
                Queue.Add(new ObjectKey(null, change.Latest.Metadata.NamespaceProperty));
            }
            else if (TrustedAuthorities.AreIn(change))
            {
                foreach (var present in namespaces.List())
                {
                    Queue.Add(present.Key());
                }
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (namespaces.Get(key) is not { } present || present.IsDeleting())
        {
            return;
        }

        var map = maps.Get(new ObjectKey(key.Name, MapName));
        if (map is not null && IsRight(map))
        {
            return;
        }

        var metadata = map?.Metadata ?? new V1ObjectMeta { Name = MapName, NamespaceProperty = key.Name };
        var annotations = new Dictionary<string, string>(metadata.Annotations ?? new Dictionary<string, string>()) { [DescriptionKey] = Description };
        var wanted = new V1ConfigMap
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = metadata with { Annotations = annotations },
            Data = new Dictionary<string, string> { [DataKey] = Options.RootCertificates() },
        };
        try
        {
            await (map is null ? Client.CreateAsync(wanted, cancellationToken) : Client.UpdateAsync(wanted, cancellationToken));
        }
        catch (ApiException settled) when (settled.IsAlreadyExists || settled.IsNotFound || settled.IsNamespaceEnding())
        {
            // The cache will show what happened; or the namespace is going.
        }
    }

    private bool IsRight(V1ConfigMap map) =>
        map.Data is { Count: 1 } data
        && data.TryGetValue(DataKey, out var certificates)
        && certificates == Options.RootCertificates()
        && map.Metadata.Annotations?.ContainsKey(DescriptionKey) == true;
}
