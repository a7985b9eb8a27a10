package io.evenkeel.compatibility;

import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** What the main code of the published modules says: its messages and its Javadoc, read by the compiler's own parser. */
final class Sources {
    private static final List<String> MODULES = List.of(
            "core",
            "kubernetes",
            "jdbc",
            "amqp",
            "rsocket",
            "grpc",
            "micrometer",
            "spring-boot-common",
            "spring-boot",
            "spring-boot3");
    private static final Pattern LOGS = Pattern.compile("(?i)log\\.(info|warn|error)");

    /** @param text with {@code …} for what is filled in */
    record Message(String file, String kind, String text) {}

    private final List<Message> messages = new ArrayList<>();
    private final Set<String> texts = new LinkedHashSet<>();
    private final Map<String, String> comments = new LinkedHashMap<>();

    private Sources() {}

    static Sources read() throws IOException {
        Sources sources = new Sources();
        List<Path> files = new ArrayList<>();
        for (String module : MODULES) {
            try (Stream<Path> found =
                    Files.walk(Documentation.ROOT.resolve(module).resolve("src/main/java"))) {
                found.filter(file -> file.toString().endsWith(".java")).forEach(files::add);
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null,
                    manager,
                    problem -> {},
                    List.of("-proc:none"),
                    null,
                    manager.getJavaFileObjectsFromPaths(files));
            DocTrees docs = DocTrees.instance(task);
            for (CompilationUnitTree unit : task.parse()) {
                sources.new Reader(docs, Path.of(unit.getSourceFile().toUri())).scan(unit, null);
            }
        }
        return sources;
    }

    /** What is logged at INFO and above. */
    List<Message> logged() {
        return messages.stream().filter(message -> message.kind().equals("log")).toList();
    }

    /** The first arguments of all exceptions that are made, as far as they are text. */
    List<Message> thrown() {
        return messages.stream()
                .filter(message -> !message.kind().equals("log"))
                .toList();
    }

    /** Whether some text of the code, joined where it is a sum, contains this. */
    boolean says(String part) {
        return texts.stream().anyMatch(text -> text.contains(part));
    }

    /** The Javadoc of a method of a class, by both simple names; empty if there is none. */
    String comment(String type, String method, int parameters) {
        return comments.getOrDefault(type + "." + method + "/" + parameters, "");
    }

    private final class Reader extends TreePathScanner<Void, Void> {
        private final DocTrees docs;
        private final String file;

        Reader(DocTrees docs, Path file) {
            this.docs = docs;
            this.file = file.getFileName().toString();
        }

        @Override
        public Void visitMethodInvocation(MethodInvocationTree call, Void none) {
            if (LOGS.matcher(call.getMethodSelect().toString()).matches()) {
                add("log", call.getArguments().get(0));
            }
            return super.visitMethodInvocation(call, none);
        }

        @Override
        public Void visitLiteral(LiteralTree literal, Void none) {
            texts.addAll(texts(literal));
            return super.visitLiteral(literal, none);
        }

        @Override
        public Void visitBinary(BinaryTree sum, Void none) {
            texts.addAll(texts(sum));
            return super.visitBinary(sum, none);
        }

        @Override
        public Void visitNewClass(NewClassTree made, Void none) {
            String type = made.getIdentifier().toString();
            if (type.endsWith("Exception") && !made.getArguments().isEmpty()) {
                add(type, made.getArguments().get(0));
            }
            return super.visitNewClass(made, none);
        }

        private void add(String kind, ExpressionTree argument) {
            for (String text : texts(argument)) {
                messages.add(new Message(file, kind, text.replace("{}", "…").replaceAll("…(…)+", "…")));
            }
        }

        @Override
        public Void visitMethod(MethodTree method, Void none) {
            remember(method.getName() + "/" + method.getParameters().size());
            return super.visitMethod(method, none);
        }

        private void remember(String method) {
            TreePath path = getCurrentPath();
            String comment = docs.getDocComment(path);
            if (comment != null && path.getParentPath().getLeaf() instanceof ClassTree type) {
                String name = type.getSimpleName().toString();
                if (name.equals("Builder")
                        && path.getParentPath().getParentPath().getLeaf() instanceof ClassTree outer) {
                    name = outer.getSimpleName() + ".Builder";
                }
                comments.putIfAbsent(name + "." + method, comment);
            }
        }
    }

    /** Of a conditional both. */
    private static List<String> texts(Tree tree) {
        if (tree instanceof LiteralTree literal) {
            return literal.getValue() instanceof String text ? List.of(text) : List.of("…");
        }
        if (tree instanceof ParenthesizedTree inner) {
            return texts(inner.getExpression());
        }
        if (tree instanceof ConditionalExpressionTree either) {
            List<String> both = new ArrayList<>(texts(either.getTrueExpression()));
            both.addAll(texts(either.getFalseExpression()));
            return both;
        }
        if (tree instanceof BinaryTree sum) {
            List<String> joined = new ArrayList<>();
            for (String left : texts(sum.getLeftOperand())) {
                for (String right : texts(sum.getRightOperand())) {
                    joined.add(left + right);
                }
            }
            return joined;
        }
        return List.of("…");
    }
}
