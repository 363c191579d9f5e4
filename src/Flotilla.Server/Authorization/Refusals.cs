using Flotilla.Api;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using k8s.Models;

namespace Flotilla.Server.Authorization;

/// <summary>The words in which a request is refused.</summary>
internal static class Refusals
{
    public static ApiException Explain(RequestUser user, AccessAttributes wanted, string reason)
    {
        var because = reason.Length == 0 ? "" : $": {reason}";
        if (wanted.Path is { } path)
        {
            return Failures.Of(403, "Forbidden", $"forbidden: User \"{user.Name}\" cannot {wanted.Verb} path \"{path}\"{because}", new V1StatusDetails());
        }

        var where = string.IsNullOrEmpty(wanted.Namespace) ? "at the cluster scope" : $"in the namespace \"{wanted.Namespace}\"";
        var what = wanted.Group.Length == 0 ? wanted.Resource : $"{wanted.Resource}.{wanted.Group}";
        var name = wanted.Name.Length == 0 ? "" : $" \"{wanted.Name}\"";
        return Failures.Forbidden(
            $"{what}{name} is forbidden: User \"{user.Name}\" cannot {wanted.Verb} resource \"{wanted.FullResource}\" in API group \"{wanted.Group}\" {where}{because}",
            wanted.Group,
            wanted.Resource,
            wanted.Name);
    }
}
