using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Runtime;

/// <summary>The resources that <see cref="StoreClient"/> admits to in discovery, and their paths.</summary>
internal static class Catalogue
{
    private static readonly (ResourceType Type, bool IsNamespaced)[] Resources =
    [
        (ResourceType.Of<V1Pod>(), true),
        (ResourceType.Of<V1ConfigMap>(), true),
        (ResourceType.Of<V1Service>(), true),
        (ResourceType.Of<V1ServiceAccount>(), true),
        (ResourceType.Of<V1Namespace>(), false),
        (ResourceType.Of<V1Node>(), false),
        (ResourceType.Of<V1ReplicaSet>(), true),
        (ResourceType.Of<V1Deployment>(), true),
        (new ResourceType("gateway.networking.k8s.io", "v1", "gatewayclasses", "GatewayClass"), false),
        (new ResourceType("gateway.networking.k8s.io", "v1", "gateways", "Gateway"), true),
        (new ResourceType("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute"), true),
        (new ResourceType("gateway.networking.k8s.io", "v1", "grpcroutes", "GRPCRoute"), true),
        (new ResourceType("gateway.networking.k8s.io", "v1", "tlsroutes", "TLSRoute"), true),
        (new ResourceType("gateway.networking.k8s.io", "v1beta1", "referencegrants", "ReferenceGrant"), true),
    ];

    public static byte[]? Answer(string path) => path switch
    {
        "/api/v1" => List("v1"),
        "/apis/apps/v1" => List("apps/v1"),
        "/apis/gateway.networking.k8s.io/v1" => List("gateway.networking.k8s.io/v1"),
        "/apis/gateway.networking.k8s.io/v1beta1" => List("gateway.networking.k8s.io/v1beta1"),
        "/apis" => ObjectJson.Encode(new V1APIGroupList
        {
            Groups =
            [
                new V1APIGroup
                {
                    Name = "apps",
                    Versions = [new V1GroupVersionForDiscovery { GroupVersion = "apps/v1", Version = "v1" }],
                    PreferredVersion = new V1GroupVersionForDiscovery { GroupVersion = "apps/v1", Version = "v1" },
                },
            ],
        }),
        _ => null,
    };

    /// <summary>Where the objects that a request path means are stored.</summary>
    public static (string Path, bool IsCollection, string? Subresource) Locate(string path)
    {
        var parts = path.TrimStart('/').Split('/');
        var (group, rest) = parts[0] == "api" ? ("", parts[2..]) : (parts[1], parts[3..]);
        if (rest[0] == "namespaces" && rest.Length > 2 && rest[2] is not ("finalize" or "status"))
        {
            return rest.Length == 3 ? ($"{group}/{rest[2]}/{rest[1]}/", true, null) : ($"{group}/{rest[2]}/{rest[1]}/{rest[3]}", false, rest.ElementAtOrDefault(4));
        }

        return rest.Length == 1 ? ($"{group}/{rest[0]}/", true, null) : ($"{group}/{rest[0]}/-/{rest[1]}", false, rest.ElementAtOrDefault(2));
    }

    private static byte[] List(string groupVersion) => ObjectJson.Encode(new V1APIResourceList
    {
        GroupVersion = groupVersion,
        Resources =
        [
            .. Resources.Where(resource => resource.Type.ApiVersion == groupVersion).Select(resource => new V1APIResource
            {
                Name = resource.Type.Plural,
                Kind = resource.Type.Kind,
                Namespaced = resource.IsNamespaced,
                SingularName = "",
                Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            }),
        ],
    });
}
