namespace Flotilla.Api.Kinds;

/// <summary>Questions about who may do what; answered, never stored.</summary>
public static class AuthorizationKinds
{
    public static readonly Kind LocalSubjectAccessReview = Review("localsubjectaccessreviews", "LocalSubjectAccessReview", Scope.Namespaced);
    public static readonly Kind SelfSubjectAccessReview = Review("selfsubjectaccessreviews", "SelfSubjectAccessReview", Scope.Cluster);
    public static readonly Kind SelfSubjectRulesReview = Review("selfsubjectrulesreviews", "SelfSubjectRulesReview", Scope.Cluster);
    public static readonly Kind SubjectAccessReview = Review("subjectaccessreviews", "SubjectAccessReview", Scope.Cluster);

    public static IEnumerable<Kind> All => [LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview];

    private static Kind Review(string plural, string name, Scope scope) => new("authorization.k8s.io", "v1", plural, name, scope) { Verbs = ["create"] };
}
