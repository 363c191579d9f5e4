using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Fairness;

/// <summary>The levels and schemas every cluster begins with.</summary>
internal static class FlowTable
{
    public const string AutoUpdate = "apf.kubernetes.io/autoupdate-spec";

    // name | shares | lendable percent | queues handSize queueLength
    private const string Levels = """
        catch-all | 5 | 0 |
        exempt
        global-default | 20 | 50 | 128 6 50
        leader-election | 10 | 0 | 16 4 50
        node-high | 40 | 25 | 64 6 50
        system | 30 | 33 | 64 6 50
        workload-high | 40 | 50 | 128 6 50
        workload-low | 100 | 90 | 128 6 50
        """;

    // name | precedence | level | distinguisher | subjects | what: everything, or verbs and where
    private const string Schemas = """
        catch-all | 10000 | catch-all | ByUser | Group:system:unauthenticated Group:system:authenticated | *
        exempt | 1 | exempt | | Group:system:masters | *
        global-default | 9900 | global-default | ByUser | Group:system:unauthenticated Group:system:authenticated | *
        kube-controller-manager | 800 | workload-high | ByNamespace | User:system:kube-controller-manager | *
        kube-scheduler | 800 | workload-high | ByNamespace | User:system:kube-scheduler | *
        kube-system-service-accounts | 900 | workload-high | ByNamespace | ServiceAccount:kube-system/* | *
        probes | 2 | exempt | | Group:system:unauthenticated Group:system:authenticated | get /healthz /readyz /livez
        service-accounts | 9000 | workload-low | ByUser | Group:system:serviceaccounts | *
        system-leader-election | 100 | leader-election | ByUser | User:system:kube-controller-manager User:system:kube-scheduler ServiceAccount:kube-system/* | get,create,update coordination.k8s.io leases
        system-node-high | 400 | node-high | ByUser | Group:system:nodes | * core nodes,nodes/status cluster ; * coordination.k8s.io leases
        system-nodes | 500 | system | ByUser | Group:system:nodes | *
        """;

    /// <summary>Without these requests would have no place to go: they are made again when somebody deletes them.</summary>
    public static bool IsMandatory(string name) => name is "exempt" or "catch-all";

    public static IEnumerable<(Kind Kind, JsonObject Value)> Read() =>
        Levels.Split('\n').Select(line => (FlowControlKinds.PriorityLevel, Level(Parts(line))))
            .Concat(Schemas.Split('\n').Select(line => (FlowControlKinds.FlowSchema, Schema(Parts(line)))));

    private static string[] Parts(string line) => line.Split('|', StringSplitOptions.TrimEntries);

    private static JsonObject Level(string[] parts) => new()
    {
        ["metadata"] = Metadata(parts[0]),
        ["spec"] = parts.Length == 1
            ? new JsonObject { ["type"] = "Exempt", ["exempt"] = new JsonObject { ["nominalConcurrencyShares"] = 0, ["lendablePercent"] = 0 } }
            : new JsonObject
            {
                ["type"] = "Limited",
                ["limited"] = new JsonObject { ["nominalConcurrencyShares"] = Number(parts[1]), ["limitResponse"] = Response(parts[3]), ["lendablePercent"] = Number(parts[2]) },
            },
    };

    private static JsonObject Response(string text)
    {
        if (text.Length == 0)
        {
            return new JsonObject { ["type"] = "Reject" };
        }

        var numbers = text.Split(' ');
        return new JsonObject
        {
            ["type"] = "Queue",
            ["queuing"] = new JsonObject { ["queues"] = Number(numbers[0]), ["handSize"] = Number(numbers[1]), ["queueLengthLimit"] = Number(numbers[2]) },
        };
    }

    private static JsonObject Schema(string[] parts)
    {
        var spec = new JsonObject { ["priorityLevelConfiguration"] = new JsonObject { ["name"] = parts[2] }, ["matchingPrecedence"] = Number(parts[1]) };
        if (parts[3].Length > 0)
        {
            spec["distinguisherMethod"] = new JsonObject { ["type"] = parts[3] };
        }

        var rule = new JsonObject { ["subjects"] = new JsonArray([.. parts[4].Split(' ').Select(Subject)]) };
        foreach (var words in parts[5].Split(';', StringSplitOptions.TrimEntries).Select(text => text.Split(' ')))
        {
            AddWhat(rule, words);
        }

        spec["rules"] = new JsonArray(rule);
        return new JsonObject { ["metadata"] = Metadata(parts[0]), ["spec"] = spec };
    }

    private static void AddWhat(JsonObject rule, string[] words)
    {
        if (words is ["*"])
        {
            rule["resourceRules"] = new JsonArray(Resources(["*"], ["*"], ["*"], cluster: true));
            rule["nonResourceRules"] = new JsonArray(new JsonObject { ["verbs"] = new JsonArray("*"), ["nonResourceURLs"] = new JsonArray("*") });
        }
        else if (words[1].StartsWith('/'))
        {
            rule["nonResourceRules"] = new JsonArray(new JsonObject { ["verbs"] = Texts(words[0].Split(',')), ["nonResourceURLs"] = Texts(words[1..]) });
        }
        else
        {
            if (rule.Array("resourceRules") is not { } list)
            {
                rule["resourceRules"] = list = [];
            }

            list.Add(Resources(words[0].Split(','), [words[1] == "core" ? "" : words[1]], words[2].Split(','), cluster: words.Length > 3));
        }
    }

    private static JsonObject Resources(string[] verbs, string[] groups, string[] resources, bool cluster)
    {
        var rule = new JsonObject { ["verbs"] = Texts(verbs), ["apiGroups"] = Texts(groups), ["resources"] = Texts(resources) };
        if (cluster)
        {
            rule["clusterScope"] = true;
        }

        rule["namespaces"] = new JsonArray("*");
        return rule;
    }

    private static JsonObject Subject(string text)
    {
        var at = text.IndexOf(':', StringComparison.Ordinal);
        var (kind, name) = (text[..at], text[(at + 1)..]);
        return kind switch
        {
            "User" => new JsonObject { ["kind"] = kind, ["user"] = new JsonObject { ["name"] = name } },
            "Group" => new JsonObject { ["kind"] = kind, ["group"] = new JsonObject { ["name"] = name } },
            _ => new JsonObject { ["kind"] = kind, ["serviceAccount"] = new JsonObject { ["namespace"] = name.Split('/')[0], ["name"] = name.Split('/')[1] } },
        };
    }

    private static JsonObject Metadata(string name) => new() { ["name"] = name, ["annotations"] = new JsonObject { [AutoUpdate] = "true" } };

    private static JsonArray Texts(string[] values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
