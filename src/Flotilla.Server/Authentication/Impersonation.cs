using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authentication;

/// <summary>Lets a user act as another one, as far as the verb <c>impersonate</c> is granted for each name, group, uid and extra.</summary>
public sealed class Impersonation(Authorizer authorizer)
{
    private const string UserHeader = "Impersonate-User";
    private const string GroupHeader = "Impersonate-Group";
    private const string UidHeader = "Impersonate-Uid";
    private const string ExtraPrefix = "Impersonate-Extra-";
    private const string Verb = "impersonate";
    private const string AccountPrefix = "system:serviceaccount:";
    private const string GroupName = "authentication.k8s.io";

    /// <summary>Whom to act as; null: nobody else is asked for.</summary>
    public async ValueTask<RequestUser?> ApplyAsync(RequestUser user, IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        if (Wanted(headers) is not { } wanted)
        {
            return null;
        }

        foreach (var attributes in Permissions(wanted))
        {
            await authorizer.AuthorizeAsync(user, attributes, cancellationToken);
        }

        return Complete(wanted);
    }

    private static RequestUser? Wanted(IHeaderDictionary headers)
    {
        var groups = headers[GroupHeader].Select(group => group ?? "").ToList();
        var uid = headers[UidHeader].ToString();
        var extra = HeaderExtra.Read(headers, ExtraPrefix);
        if (headers[UserHeader].ToString() is { Length: > 0 } name)
        {
            return new RequestUser(name, groups, uid.Length > 0 ? uid : null, extra);
        }

        return groups.Count > 0 || uid.Length > 0 || extra is not null
            ? throw Failures.Internal($"requested {Show(groups, uid, extra)} without impersonating a user")
            : null;
    }

    private static IEnumerable<AccessAttributes> Permissions(RequestUser wanted)
    {
        yield return AccountOf(wanted.Name) is { } account
            ? new AccessAttributes(Verb, "", "serviceaccounts", "", account.Space, account.Name)
            : new AccessAttributes(Verb, "", "users", Name: wanted.Name);
        foreach (var group in wanted.Groups)
        {
            yield return new AccessAttributes(Verb, "", "groups", Name: group);
        }

        foreach (var (key, value) in (wanted.Extra ?? new Dictionary<string, IReadOnlyList<string>>()).SelectMany(pair => pair.Value.Select(value => (pair.Key, value))))
        {
            yield return new AccessAttributes(Verb, GroupName, "userextras", key, Name: value);
        }

        if (wanted.Uid is { } uid)
        {
            yield return new AccessAttributes(Verb, GroupName, "uids", Name: uid);
        }
    }

    private static RequestUser Complete(RequestUser wanted)
    {
        var groups = wanted.Groups.ToList();
        if (groups.Count == 0 && AccountOf(wanted.Name) is { } account)
        {
            groups.AddRange(["system:serviceaccounts", $"system:serviceaccounts:{account.Space}"]);
        }

        if (wanted.Name == RequestUser.Anonymous.Name)
        {
            if (!groups.Contains(RequestUser.Unauthenticated))
            {
                groups.Add(RequestUser.Unauthenticated);
            }
        }
        else if (!groups.Contains(RequestUser.Authenticated) && !groups.Contains(RequestUser.Unauthenticated))
        {
            groups.Add(RequestUser.Authenticated);
        }

        return wanted with { Groups = groups };
    }

    private static (string Space, string Name)? AccountOf(string user) =>
        user.StartsWith(AccountPrefix, StringComparison.Ordinal) && user[AccountPrefix.Length..].Split(':') is [{ Length: > 0 } space, { Length: > 0 } name] ? (space, name) : null;

    private static string Show(IReadOnlyList<string> groups, string uid, IReadOnlyDictionary<string, IReadOnlyList<string>>? extra)
    {
        var all = groups.Concat(uid.Length > 0 ? [uid] : []).Concat((extra ?? new Dictionary<string, IReadOnlyList<string>>()).SelectMany(pair => pair.Value));
        return $"[{string.Join(' ', all)}]";
    }
}
