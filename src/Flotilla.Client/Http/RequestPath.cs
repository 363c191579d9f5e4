using System.Text;
using Flotilla.Api;

namespace Flotilla.Client;

/// <summary>The API's paths.</summary>
public static class RequestPath
{
    public static string Of(ResourceType type, string? ns, string? name = null, string? subresource = null)
    {
        var path = new StringBuilder(type.Group.Length == 0 ? "/api/" : "/apis/").Append(type.ApiVersion);
        if (ns is not null)
        {
            path.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        }

        path.Append('/').Append(type.Plural);
        if (name is not null)
        {
            path.Append('/').Append(Uri.EscapeDataString(name));
        }

        if (subresource is not null)
        {
            path.Append('/').Append(subresource);
        }

        return path.ToString();
    }

    public static string Query(ListScope scope, params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var query = new StringBuilder();
        Add(query, "labelSelector", scope.LabelSelector);
        Add(query, "fieldSelector", scope.FieldSelector);
        foreach (var (name, value) in parameters)
        {
            Add(query, name, value);
        }

        return query.ToString();
    }

    private static void Add(StringBuilder query, string name, string? value)
    {
        if (value is not null)
        {
            query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}
