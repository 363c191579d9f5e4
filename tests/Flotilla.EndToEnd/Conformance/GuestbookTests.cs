using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Conformance;

/// <summary>An application of three tiers that find each other by their Services: what is written in front is kept behind.</summary>
public sealed class GuestbookTests(Cluster cluster)
{
    private const string Find = "address() { getent ahostsv4 $1 | awk '{ print $1; exit }'; }; ask() { printf 'GET /cgi-bin/g?%s HTTP/1.0\\r\\n\\r\\n' $2 | nc -w 5 $(address $1) 80 | sed '1,/^[[:space:]]*$/d'; }; ";
    private const string Reply = "echo Content-Type: text/plain; echo; ";

    [Fact]
    public async Task An_entry_written_in_front_is_read_back()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Tier("agnhost-primary", 1, Reply + "case $QUERY_STRING in set=*) echo ${QUERY_STRING#set=} > /tmp/entry;; *) cat /tmp/entry;; esac"));
        await space.ApplyAsync(Tier("agnhost-replica", 2, Find + Reply + "ask agnhost-primary get"));
        await space.ApplyAsync(Tier("frontend", 3, Find + Reply + "case $QUERY_STRING in set=*) ask agnhost-primary $QUERY_STRING;; *) ask agnhost-replica get;; esac"));
        foreach (var tier in new[] { "agnhost-primary", "agnhost-replica", "frontend" })
        {
            await space.OkAsync("rollout", "status", $"deployment/{tier}", "--timeout=90s");
        }

        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        var front = new Uri($"http://{await space.FieldAsync("service/frontend", ".spec.clusterIP")}/cgi-bin/g");
        await http.GetStringAsync(new Uri(front, "?set=TestEntry"));
        await Eventually.ContainsAsync(() => http.GetStringAsync(new Uri(front, "?get")), "TestEntry", 30);

        await space.OkAsync("delete", "deployments,services,configmaps", "-l", "guestbook=yes");
        await Eventually.GetAsync(() => space.OkAsync("get", "pods", "-o", "name"), left => left.Length == 0);
    }

    private static string Tier(string name, int replicas, string script) => $$$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: {{{name}}}, labels: {guestbook: "yes"}}
        data:
          g: |
            #!/bin/sh
            {{{script}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: {{{name}}}, labels: {guestbook: "yes"}}
        spec:
          selector: {app: {{{name}}}}
          ports: [{port: 80}]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{{name}}}, labels: {guestbook: "yes"}}
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: {{{name}}}}}
          template:
            metadata: {labels: {app: {{{name}}}}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
                - name: web
                  image: my-image
                  imagePullPolicy: IfNotPresent
                  env: [{name: PORT, value: "80"}]
                  readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}
                  volumeMounts: [{name: script, mountPath: /www/cgi-bin}]
              volumes:
                - {name: script, configMap: {name: {{{name}}}, defaultMode: 0755}}
        """;
}
