using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Bootstrap.Rbac;

/// <summary>Who has the built-in roles: <c>binding | role | subjects</c>. Controllers' accounts have the role of their name.</summary>
internal static class BindingTable
{
    private const string ControllerPrefix = "system:controller:";

    private const string Table = """
        cluster-admin | cluster-admin | Group:system:masters
        system:basic-user | system:basic-user | Group:system:authenticated
        system:discovery | system:discovery | Group:system:authenticated
        system:kube-controller-manager | system:kube-controller-manager | User:system:kube-controller-manager
        system:kube-dns | system:kube-dns | ServiceAccount:kube-system/kube-dns
        system:kube-scheduler | system:kube-scheduler | User:system:kube-scheduler
        system:monitoring | system:monitoring | Group:system:monitoring
        system:node | system:node |
        system:node-proxier | system:node-proxier | User:system:kube-proxy
        system:public-info-viewer | system:public-info-viewer | Group:system:authenticated Group:system:unauthenticated
        system:service-account-issuer-discovery | system:service-account-issuer-discovery | Group:system:serviceaccounts
        system:volume-scheduler | system:volume-scheduler | User:system:kube-scheduler
        flotilla:node-bootstrapper | system:node-bootstrapper | Group:system:bootstrappers:flotilla:nodes
        flotilla:node-autoapprove-bootstrap | system:certificates.k8s.io:certificatesigningrequests:nodeclient | Group:system:bootstrappers:flotilla:nodes
        flotilla:node-autoapprove-renewal | system:certificates.k8s.io:certificatesigningrequests:selfnodeclient | Group:system:nodes
        flotilla:node-ingress | flotilla:node-ingress | ServiceAccount:kube-system/flotilla-node
        flotilla:node-network | flotilla:node-network | ServiceAccount:kube-system/flotilla-node
        flotilla:node-storage | flotilla:node-storage | ServiceAccount:kube-system/flotilla-node
        kube-public/flotilla:cluster-info | flotilla:cluster-info | Group:system:authenticated Group:system:unauthenticated
        kube-system/flotilla:node-account | flotilla:node-account | Group:system:nodes
        kube-system/flotilla:node-cluster-facts | flotilla:node-cluster-facts | Group:system:nodes
        kube-system/flotilla:node-dns | flotilla:node-dns | ServiceAccount:kube-system/flotilla-node
        kube-public/system:controller:bootstrap-signer | system:controller:bootstrap-signer | ServiceAccount:kube-system/bootstrap-signer
        kube-system/system::extension-apiserver-authentication-reader | extension-apiserver-authentication-reader | User:system:kube-controller-manager User:system:kube-scheduler
        kube-system/system::leader-locking-kube-controller-manager | system::leader-locking-kube-controller-manager | User:system:kube-controller-manager ServiceAccount:kube-system/kube-controller-manager ServiceAccount:kube-system/leader-election-controller
        kube-system/system::leader-locking-kube-scheduler | system::leader-locking-kube-scheduler | User:system:kube-scheduler ServiceAccount:kube-system/kube-scheduler
        kube-system/system:controller:bootstrap-signer | system:controller:bootstrap-signer | ServiceAccount:kube-system/bootstrap-signer
        kube-system/system:controller:cloud-provider | system:controller:cloud-provider | ServiceAccount:kube-system/cloud-provider
        kube-system/system:controller:token-cleaner | system:controller:token-cleaner | ServiceAccount:kube-system/token-cleaner
        """;

    /// <param name="roles">The roles' names, for the controllers among them.</param>
    public static IEnumerable<(Kind Kind, string? Space, JsonObject Binding)> Read(IEnumerable<string> roles)
    {
        var controllers = roles.Where(name => name.StartsWith(ControllerPrefix, StringComparison.Ordinal))
            .Select(name => $"{name} | {name} | ServiceAccount:kube-system/{name[ControllerPrefix.Length..]}");
        return Table.Split('\n').Concat(controllers).Select(Binding);
    }

    private static (Kind, string?, JsonObject) Binding(string line)
    {
        var parts = line.Split('|', StringSplitOptions.TrimEntries);
        var path = parts[0].Split('/');
        var space = path.Length > 1 ? path[0] : null;
        var binding = new JsonObject { ["metadata"] = RoleTable.Metadata(path[^1], space) };
        if (parts[2].Length > 0)
        {
            binding["subjects"] = new JsonArray([.. parts[2].Split(' ').Select(Subject)]);
        }

        binding["roleRef"] = new JsonObject { ["apiGroup"] = RbacKinds.GroupName, ["kind"] = space is null ? "ClusterRole" : "Role", ["name"] = parts[1] };
        return (space is null ? RbacKinds.ClusterRoleBinding : RbacKinds.RoleBinding, space, binding);
    }

    private static JsonObject Subject(string text)
    {
        var at = text.IndexOf(':', StringComparison.Ordinal);
        var (kind, name) = (text[..at], text[(at + 1)..]);
        var account = name.Split('/');
        return kind == "ServiceAccount"
            ? new JsonObject { ["kind"] = kind, ["name"] = account[1], ["namespace"] = account[0] }
            : new JsonObject { ["kind"] = kind, ["apiGroup"] = RbacKinds.GroupName, ["name"] = name };
    }
}
